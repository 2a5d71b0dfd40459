text = "sub"
