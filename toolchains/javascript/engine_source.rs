// Empty: cargo wants a target, and this package exists only for its dependency.
