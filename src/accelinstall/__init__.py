"""The right ML packages for the hardware that is really there."""
