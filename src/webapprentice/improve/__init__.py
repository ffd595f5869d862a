"""Floor 5: rounds of practice, curation, teaching and examination, resumed wherever they were stopped."""
