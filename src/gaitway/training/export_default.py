"""Write the trained default encoder for use without torch: safetensors and OpenVINO's format."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from gaitway.adapters.checkpoints.export import export_openvino
from gaitway.models.gait_template import GaitTemplateNet

NAME = "gait_template"


def export(net: GaitTemplateNet, folder: Path) -> list[Path]:
    """Write ``gait_template.safetensors``, ``.xml`` and ``.bin`` into ``folder``, and return their paths.

    The same float32 weights stand in both formats.

    Raises:
        NetworkError: OpenVINO cannot express the network.
    """
    net = net.cpu().float().eval()
    tensors, graph = folder / f"{NAME}.safetensors", folder / f"{NAME}.xml"
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, tensors)
    shape = (1, net.config.maps, 64, 44)
    export_openvino(net, shape, shape, graph)
    return [tensors, graph, graph.with_suffix(".bin")]
