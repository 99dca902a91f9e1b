"""The server that the samples talk to, and the protocols that they use."""
