from programs_and_python import tools


def main():
    print(*tools())
