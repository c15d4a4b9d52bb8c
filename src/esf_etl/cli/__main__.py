"""`python -m esf_etl.cli` is `esf-etl`."""

import sys

from esf_etl.cli import main

sys.exit(main())
