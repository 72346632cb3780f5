"""What an alert rests on, written to files so that people can check it by hand."""
