"""Train the default encoder on synthetic walks: make the corpus, train, export. One recipe for CPU and CUDA.

    python -m gaitway.training.default corpus --folder CORPUS --people 3000 --walks 10 --workers 2
    python -m gaitway.training.default train --corpus CORPUS --out OUT --steps 3000
    python -m gaitway.training.default score --weights OUT/gait_template.safetensors --mocap BVH_FOLDER

Interrupted runs go on where they stopped: shards and the checkpoint are kept, and every step draws from its
own seed.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from gaitway.errors import InputError
from gaitway.models.gait_template import GaitTemplateConfig, GaitTemplateNet
from gaitway.protocols import Encoder
from gaitway.recognition.gei import GeiEncoder
from gaitway.recognition.learned import network_input
from gaitway.synthetic.benchmark import BenchmarkConfig, benchmark_walks
from gaitway.synthetic.mask_faults import REAL_VIDEO, FaultRates
from gaitway.synthetic.population import PopulationConfig
from gaitway.synthetic.recorded import recorded_walks
from gaitway.training.corpus import CorpusConfig, read_corpus, write_corpus
from gaitway.training.evaluate import CrossView, NetworkEncoder, cross_view
from gaitway.training.export_default import export
from gaitway.training.losses import supervised_contrastive

log = logging.getLogger(__name__)
CUTS = 3  # ways of summing up each walk
FAULTS = {"plain": FaultRates(), "real": REAL_VIDEO}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """The recipe.

    Attributes:
        steps: Optimiser steps.
        people: Identities a step; half of them are whole groups of neighbours, so that look-alikes meet.
        walks: Walks of each.
        learning_rate: Peak; warmed up over 5 % of the steps, then a cosine to zero.
        weight_decay: Of AdamW.
        temperature: Of the contrastive loss.
        seed: Of everything.
        save_every: Steps between checkpoints.
    """

    steps: int = 3000
    people: int = 32
    walks: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    temperature: float = 0.1
    seed: int = 0
    save_every: int = 500

    def __post_init__(self) -> None:
        if self.walks < 2 or self.people < 2 or self.steps < 1:
            raise InputError(f"people={self.people}, walks={self.walks}: wanted 2 or more of each to compare")


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """Network inputs of a corpus: pictures (N, cuts, 5, 64, 44), 0..255, by person (people, walks each)."""

    maps: UInt8[np.ndarray, "n k m h w"]
    by_person: np.ndarray


def load_templates(*folders: Path, cuts: int = CUTS) -> Templates:
    """Sum up every walk of one or more corpora, of different people, as the network sees it.

    Every walk is summed up ``cuts`` times, first whole, then some of its frames: tracks are short and broken.
    """
    maps, labels, known = [], [], 0
    for folder in folders:
        rng = np.random.default_rng(12)
        for shard in read_corpus(folder):
            maps.append(np.stack([_cut_up(walk, cuts, rng) for walk in shard.walks]))
            labels.append(shard.labels + known)
        known = int(labels[-1].max()) + 1
    label = np.concatenate(labels)
    people, counts = np.unique(label, return_counts=True)
    fewest = int(counts.min())
    by_person = np.stack([np.flatnonzero(label == who)[:fewest] for who in people])
    return Templates(np.concatenate(maps), by_person)


def _cut_up(
    walk: UInt8[np.ndarray, "t 64 64"], cuts: int, rng: np.random.Generator
) -> UInt8[np.ndarray, "k m 64 44"]:
    """Return the whole walk's pictures and those of stretches and of scattered frames, by turns."""
    found = [_quantised(walk)]
    for number in range(1, cuts):
        count = min(int(rng.integers(8, 25)), len(walk))
        start = int(rng.integers(len(walk) - count + 1))
        stretch = np.arange(start, start + count)
        scattered = np.sort(rng.permutation(len(walk))[:count])
        found.append(_quantised(walk[stretch if number % 2 else scattered]))
    return np.stack(found)


def _quantised(walk: UInt8[np.ndarray, "t 64 64"]) -> UInt8[np.ndarray, "m 64 44"]:
    return np.asarray(np.rint(network_input(walk) * 255), np.uint8)


def draw_batch(
    templates: Templates, config: TrainConfig, step: int, *, group: int = 4
) -> tuple[UInt8[np.ndarray, "n m h w"], np.ndarray]:
    """Return the pictures and labels of step ``step``: always the same ones."""
    rng = np.random.default_rng([config.seed, 11, step])
    people, walks = templates.by_person.shape
    count = min(config.people, people)
    groups = rng.choice(max(people // group, 1), max(count // (2 * group), 1), replace=False)
    near = (groups[:, None] * group + np.arange(group)).ravel()
    near = near[near < people][:count]
    others = np.setdiff1d(np.arange(people), near)
    chosen = np.concatenate([near, rng.choice(others, count - len(near), replace=False)])
    rows = np.stack([rng.permutation(walks)[: config.walks] for _ in chosen])
    index = np.take_along_axis(templates.by_person[chosen], rows, axis=1).ravel()
    cut = rng.integers(templates.maps.shape[1], size=len(index))
    return _augment(templates.maps[index, cut], rng), np.repeat(chosen, rows.shape[1])


def _augment(maps: UInt8[np.ndarray, "n m h w"], rng: np.random.Generator) -> UInt8[np.ndarray, "n m h w"]:
    """Mirror, shift by a pixel or two and blank a patch of some pictures."""
    out = maps.copy()
    flip = rng.random(len(out)) < 0.5
    out[flip] = out[flip, :, :, ::-1]
    for i, (dx, dy) in enumerate(rng.integers(-2, 3, (len(out), 2))):
        out[i] = np.roll(out[i], (int(dy) // 2, int(dx)), axis=(1, 2))
        if rng.random() < 0.25:
            y, x = int(rng.integers(64)), int(rng.integers(44))
            out[i, :, y : y + int(rng.integers(4, 16)), x : x + int(rng.integers(4, 16))] = 0
    return out


class Trainer:
    """The network, its optimiser and where it stands."""

    def __init__(self, config: TrainConfig, device: str) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device, self.step = config, torch.device(device), 0
        self.net = GaitTemplateNet(GaitTemplateConfig()).to(self.device)
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )

    def _rate(self) -> float:
        warm = max(self.config.steps // 20, 1)
        done = (self.step - warm) / max(self.config.steps - warm, 1)
        share = min(self.step / warm, 1.0) if self.step < warm else 0.5 * (1 + np.cos(np.pi * min(done, 1.0)))
        return self.config.learning_rate * float(max(share, 1e-3))

    def train_step(self, maps: UInt8[np.ndarray, "n m h w"], labels: np.ndarray) -> float:
        """Make one step; return its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        self.net.train()
        x = torch.from_numpy(maps).to(self.device).float().contiguous(memory_format=torch.channels_last) / 255
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            embeddings: Float[Tensor, "n p c"] = self.net(x)
        y = torch.from_numpy(labels).to(self.device)
        whole = torch.nn.functional.normalize(embeddings.flatten(1), dim=1)[:, None]
        loss = supervised_contrastive(embeddings.float(), y, temperature=self.config.temperature)
        loss = loss + supervised_contrastive(whole.float(), y, temperature=self.config.temperature)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())

    def start_from(self, weights: Path) -> None:
        """Take the weights of an earlier training; its optimiser starts anew."""
        from safetensors.torch import load_file

        self.net.load_state_dict(load_file(weights))

    def save(self, path: Path) -> None:
        """Keep everything that going on needs."""
        state = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step}
        aside = path.with_suffix(".part")
        torch.save(state, aside)
        aside.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from ``path`` where it exists."""
        if path.exists():
            state = torch.load(path, map_location=self.device, weights_only=True)
            self.net.load_state_dict(state["net"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])


def train(
    corpora: Sequence[Path], out: Path, config: TrainConfig, *, device: str, start: Path | None = None
) -> GaitTemplateNet:
    """Train on corpora, keeping a checkpoint in ``out``; return the network in evaluation mode.

    Args:
        corpora: Folders of shards, of different people.
        out: Where the checkpoint lies; an interrupted training goes on from it.
        config: The recipe.
        device: As torch names it.
        start: Weights (safetensors) of an earlier training to begin from.
    """
    out.mkdir(parents=True, exist_ok=True)
    trainer, checkpoint = Trainer(config, device), out / "checkpoint.pt"
    if start:
        trainer.start_from(start)
    trainer.resume(checkpoint)
    templates = load_templates(*corpora)
    log.info("%d walks of %d people on %s", len(templates.maps), len(templates.by_person), device)
    began, losses = time.monotonic(), []
    while trainer.step < config.steps:
        losses.append(trainer.train_step(*draw_batch(templates, config, trainer.step)))
        if trainer.step % 100 == 0:
            log.info("step %d loss %.3f, %.0f s", trainer.step, np.mean(losses), time.monotonic() - began)
            losses = []
        if trainer.step % config.save_every == 0:
            trainer.save(checkpoint)
    trainer.save(checkpoint)
    return trainer.net.eval()


def score(weights: Path | None, mocap: Path | None) -> Iterator[tuple[str, str, CrossView]]:
    """Score the energy image, the untrained network (the control) and, where given, trained weights."""
    from safetensors.torch import load_file

    torch.manual_seed(0)
    encoders: dict[str, Encoder] = {"gei": GeiEncoder(), "untrained": NetworkEncoder(GaitTemplateNet())}
    if weights:
        net = GaitTemplateNet()
        net.load_state_dict(load_file(weights))
        encoders["trained"] = NetworkEncoder(net)
    alike = PopulationConfig(seed=88_000, alike=1.0)
    tests = {
        "held-out walkers": list(benchmark_walks(BenchmarkConfig())),
        "look-alikes": list(benchmark_walks(BenchmarkConfig(people=24, population=alike))),
    }
    if mocap:
        tests["recorded motion, own body"] = list(recorded_walks(mocap, own_body=True))
        tests["recorded motion, one body"] = list(recorded_walks(mocap, own_body=False))
    for test, walks in tests.items():
        for name, encoder in encoders.items():
            yield test, name, cross_view(encoder, walks)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    corpus = commands.add_parser("corpus", help="make synthetic walks")
    corpus.add_argument("--folder", type=Path, required=True)
    for name, default in (("people", 3000), ("walks", 10), ("frames", 32), ("workers", 2), ("seed", 100)):
        corpus.add_argument(f"--{name}", type=int, default=default)
    corpus.add_argument("--mix", type=float, nargs=3, default=(0.34, 0.36, 0.3), help="parts of nm, bg, cl")
    corpus.add_argument("--faults", choices=FAULTS, default="real", help="how masks are spoilt")
    corpus.add_argument("--styles", type=float, default=0.0, help="part who walk by recorded people's styles")
    corpus.add_argument("--styles-file", type=Path, help="styles fitted by gaitway.synthetic.styles")
    learn = commands.add_parser("train", help="train and export")
    learn.add_argument("--corpus", type=Path, nargs="+", required=True)
    learn.add_argument("--start", type=Path, help="weights of an earlier training to begin from")
    learn.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    learn.add_argument("--out", type=Path, required=True)
    for name, default in (("steps", 3000), ("people", 32), ("walks", 4), ("seed", 0), ("threads", 0)):
        learn.add_argument(f"--{name}", type=int, default=default)
    scores = commands.add_parser("score", help="score beside the controls")
    scores.add_argument("--weights", type=Path)
    scores.add_argument("--mocap", type=Path)
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one part of the recipe."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = _parser().parse_args(arguments)
    if chosen.command == "corpus":
        population = PopulationConfig(
            seed=chosen.seed,
            mix=tuple(chosen.mix),
            faults=FAULTS[chosen.faults],
            recorded_styles=chosen.styles,
            styles_file=chosen.styles_file,
        )
        config = CorpusConfig(chosen.people, chosen.walks, chosen.frames, population=population)
        for path in write_corpus(chosen.folder, config, workers=chosen.workers):
            log.info("%s", path.name)
    elif chosen.command == "train":
        if chosen.threads:
            torch.set_num_threads(chosen.threads)
        recipe = TrainConfig(chosen.steps, chosen.people, chosen.walks, chosen.rate, seed=chosen.seed)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        net = train(chosen.corpus, chosen.out, recipe, device=device, start=chosen.start)
        export(net, chosen.out)
    else:
        for test, name, result in score(chosen.weights, chosen.mocap):
            log.info("%s | %s | %s", test, name, result)


if __name__ == "__main__":
    main()
