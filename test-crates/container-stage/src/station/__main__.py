"""`python -m station`: shows that the image has all it needs."""

import readings


def main() -> None:
    (reading,) = readings.read("ABC-1,2026-01-02T03:04:05Z,21.5\n")
    print(reading.json())
    print(reading.identity())
    print(readings.database("postgresql://demo@db:5432/stations")["host"])
    print(readings.means([[1, 2, 3], [4, 5, 6]]))


main()
