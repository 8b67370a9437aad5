"""What separate processes must agree on: data and codecs only, one home for each contract."""
