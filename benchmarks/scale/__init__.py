"""What is beyond one machine, measured: landings in an object store, parsing on a cluster, a lake."""
