"""A tiny language model from nothing: imaginary pages and instructions, a tokenizer, and a plain training loop."""
