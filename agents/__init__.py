"""The Faust shell around the detection core: app, transport, one agent per step. No detection logic."""
