"""The command line: ``overflight``.

`main` is the one place where an error becomes a line on stderr and an exit code: 0 it ran, 1 `--fail-on` matched, 2 bad
input or usage.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    from overflight.cli.app import app
    from overflight.errors import OverflightError

    try:
        app()
    except OverflightError as error:
        print(f"overflight: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be written to it any more, not even at exit.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        print("overflight: interrupted", file=sys.stderr)
        sys.exit(130)
