"""Gait recognition by the field's protocols: one call, the published numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from gaitway.errors import InputError
from gaitway.evaluation import protocols

PROTOCOLS: dict[str, Callable[..., dict[str, Any]]] = {
    "casia-b": protocols.evaluate_casia_b,
    "oumvlp": protocols.evaluate_oumvlp,
    "sustech1k": protocols.evaluate_sustech1k,
    "ccpg": protocols.evaluate_ccpg,
    "gait3d": protocols.evaluate_gait3d,
    "grew": protocols.submit_grew,
    "grew-train": protocols.evaluate_real_scene,
    "hid": protocols.submit_hid,
}


def evaluate(  # noqa: PLR0917 - a public signature that others call by position
    protocol: str,
    embeddings: Float[np.ndarray, "n p c"],
    labels: Sequence[str] | Shaped[np.ndarray, " n"],
    types: Sequence[str] | Shaped[np.ndarray, " n"],
    views: Sequence[str] | Shaped[np.ndarray, " n"],
    metric: str = "euc",
    **options: Any,
) -> dict[str, Any]:
    """Evaluate embeddings of a data set's test sequences.

    Args:
        protocol: One of ``PROTOCOLS``; case and punctuation do not matter.
        embeddings: N sequences, P parts, C channels.
        labels: Subject of each.
        types: Condition or recording of each.
        views: View or camera of each.
        metric: ``euc`` or ``cos``.
        options: The protocol's own: ``cross_view_gallery`` (casia-b, oumvlp), ``probe_set`` (gait3d),
            ``rerank`` (hid, grew, gait3d, grew-train), ``out`` (hid, grew).

    Returns:
        Percentages under the field's published names; for a submission, the sheet.

    Raises:
        InputError: An unknown protocol or option, or the sequences do not fit the protocol.
    """
    samples = protocols.Samples(
        np.asarray(embeddings), np.asarray(labels), np.asarray(types), np.asarray(views), metric
    )
    return evaluate_samples(protocol, samples, **options)


def evaluate_samples(protocol: str, samples: protocols.Samples, **options: Any) -> dict[str, Any]:
    """Evaluate samples; see ``evaluate``."""
    check_options(protocol, options)
    return PROTOCOLS[find_protocol(protocol)](samples, **options)


def find_protocol(name: str) -> str:
    """Return a protocol's proper name; case and punctuation do not matter.

    Raises:
        InputError: There is none.

    Examples:
        >>> find_protocol("CASIA_B")
        'casia-b'
    """
    found = {_plain(known): known for known in PROTOCOLS}.get(_plain(name))
    if found is None:
        raise InputError(f"the protocol {name!r} is unknown, wanted one of {', '.join(PROTOCOLS)}")
    return found


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def check_options(protocol: str, options: Mapping[str, Any]) -> None:
    """Raise InputError unless a protocol takes just these options."""
    known = list(signature(PROTOCOLS[find_protocol(protocol)]).parameters.values())[1:]
    names = [parameter.name for parameter in known]
    needed = [parameter.name for parameter in known if parameter.default is Parameter.empty]
    unknown = sorted(set(options) - set(names))
    missing = sorted(set(needed) - set(options))
    if unknown or missing:
        problem = f"unknown {', '.join(unknown)}" if unknown else f"missing {', '.join(missing)}"
        raise InputError(f"options of {protocol}: {problem}; it takes {', '.join(names) or 'none'}")
