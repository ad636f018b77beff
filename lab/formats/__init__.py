"""The same exchanges in every format Stillwatch reads: for the drill and for the samples of the tests."""
