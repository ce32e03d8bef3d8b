"""`python -m examples.his --hospital FILE --bind HOST:PORT`: run the sample HIS."""

from __future__ import annotations

from pathlib import Path

import click
from werkzeug.serving import run_simple

from examples.his import create_his, load_hospital


@click.command()
@click.option(
    "--hospital", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True
)
@click.option("--bind", default="127.0.0.1:8001", show_default=True, help="HOST:PORT")
def main(hospital: Path, bind: str) -> None:
    """运行示例医院系统 / Run the sample hospital system."""
    host, _, port = bind.rpartition(":")
    run_simple(host, int(port), create_his(load_hospital(hospital)), threaded=True)


if __name__ == "__main__":
    main()
