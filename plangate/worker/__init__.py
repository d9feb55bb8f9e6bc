"""`plangate worker`: a supervisor, one process for the Faust apps, one for each resumer."""
