"""Make a small data set of generated walkers and measure an encoder on it by CASIA-B's protocol.

python examples/compare_encoders.py FOLDER [ENCODER]
"""

import sys

import gaitway
from gaitway.evaluation import evaluate
from gaitway.synthetic.dataset import DatasetConfig
from gaitway.wiring.dataset import synthesise


def main(folder: str, encoder: str = "gait-template") -> None:
    """Print rank-1 without the identical view: normal, with a bag, in a coat."""
    synthesise(folder, 8, DatasetConfig(walks=4, views=3, frames=24), test_share=1.0)
    walks = gaitway.open_dataset(folder, subset="test")
    embeddings = gaitway.load_encoder(encoder).encode([walks.load(i) for i in range(len(walks.records))])
    found = evaluate(
        "casia-b",
        embeddings,
        labels=[record.subject for record in walks.records],
        types=[record.condition for record in walks.records],
        views=[record.view for record in walks.records],
    )
    for name, percent in found.items():
        print(f"{encoder} {name.rpartition('/')[2]}: {percent:.1f} %")


if __name__ == "__main__":
    main(*sys.argv[1:])
