"""Train on drawn walks in a process of its own, so that it can be killed or be one of several.

python -m support.training_worker OUT '{"steps": 20, ...}' [SECONDS TO WAIT AFTER EVERY STEP]
"""

import json
import sys
import time
from pathlib import Path

import torch

from gaitway.training.distributed import joined_world
from gaitway.training.loop import train
from gaitway.training.read_recipe import recipe_from
from support.walkers import TINY_TRAINING, DrawnWalks


def main(out, changes="{}", pause="0"):
    torch.set_num_threads(1)
    recipe = recipe_from({**TINY_TRAINING, **json.loads(changes)})

    def told(progress):
        if not progress.done:
            return  # about TensorBoard
        sys.stdout.write(f"{progress.done}\n")
        sys.stdout.flush()
        time.sleep(float(pause))

    with joined_world("cpu") as world:
        train(recipe, DrawnWalks(), Path(out), world=world, report=told)


if __name__ == "__main__":
    main(*sys.argv[1:])
