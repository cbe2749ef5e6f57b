"""The command line as ``python -m huntkit``, for where its program is not on the path."""

from huntkit.cli import main

if __name__ == "__main__":
    main()
