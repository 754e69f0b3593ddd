"""What developers use: the rig (real sound, MIDI and screen on a bare machine), benchmarks, training."""
