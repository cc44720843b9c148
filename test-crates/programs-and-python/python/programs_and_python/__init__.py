def tools():
    return ["first-tool", "second-tool"]
