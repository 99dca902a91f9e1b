"""What the samples share: a server to talk to, and the protocols they speak with it."""
