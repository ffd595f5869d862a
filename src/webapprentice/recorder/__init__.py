"""Recording what people do in a browser, and playing it again without a model."""
