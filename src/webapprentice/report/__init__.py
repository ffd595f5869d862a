"""Floor 4: what a run showed, as one HTML page that opens without a network, and as text for the terminal."""
