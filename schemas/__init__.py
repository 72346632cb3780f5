"""The contracts of Vigie: records, their decoding, topics and alerts. Imports nothing of ours."""
