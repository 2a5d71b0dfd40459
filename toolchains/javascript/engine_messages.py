"""The texts of the engine's errors that programs often print or compare, in V8's wording: (in the engine, in V8)."""

MESSAGES = [
    ("\"cannot read property '%s' of null\"", "\"Cannot read properties of null (reading '%s')\""),
    ("\"cannot read property '%s' of undefined\"", "\"Cannot read properties of undefined (reading '%s')\""),
    ("\"cannot set property '%s' of null\"", "\"Cannot set properties of null (setting '%s')\""),
    ("\"cannot set property '%s' of undefined\"", "\"Cannot set properties of undefined (setting '%s')\""),
    ('"invalid array length"', '"Invalid array length"'),
    ('"invalid string length"', '"Invalid string length"'),
]
