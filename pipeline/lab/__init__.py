"""What researchers do with tables of their own: one question, one file in, one file out."""
