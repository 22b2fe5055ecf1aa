"""The command line: ``overflight``.

`main` is the one place where an error becomes a line on stderr and an exit code: 0 it ran, 1 `--fail-on` matched, 2 bad
input or usage.
"""

from __future__ import annotations

import errno
import sys
from typing import cast


def main() -> None:
    """Run the command line."""
    import typer

    from overflight.cli.app import app
    from overflight.errors import OverflightError

    usage_error = cast("type[Exception]", typer.BadParameter.__mro__[1])  # of all wrong usage; Typer does not name it
    try:
        sys.exit(app(standalone_mode=False))
    except OverflightError as error:
        print(f"overflight: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except usage_error as error:
        said = str(getattr(error, "format_message", error.__str__)())
        print(f"overflight: {' '.join(said.split())} overflight --help shows how.", file=sys.stderr)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except OSError as error:
        if not (isinstance(error, BrokenPipeError) or str(error) == f"Broken pipe (os error {errno.EPIPE})"):
            raise
        # Whoever read our output has seen enough; nothing may be written to it any more, not even at exit.
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        print("overflight: interrupted", file=sys.stderr)
        sys.exit(130)
