"""The exceptions gaitway raises. Every one is a ``GaitwayError`` and a builtin a caller would expect.

GaitwayError
├── InputError(ValueError)                bad argument, array or file content
│   ├── EmptyMaskError                    a mask has nobody in it
│   ├── ConfigError                       unknown or impossible setting
│   └── IncompatibleModelsError           embeddings of two models were compared
├── VideoError(OSError)                   a video cannot be read or written
│   ├── VideoNotFoundError(FileNotFoundError)
│   ├── VideoDecodeError                  not a video, no picture in it, broken
│   └── VideoEncodeError                  the output cannot be written
├── ModelError                            a network's file or run failed
│   ├── ModelNotFoundError(LookupError)   unknown name, or file not in the cache
│   │   └── NotQuantisedError             a network's int8 form is not in the cache
│   ├── ModelFileError(ValueError)        wrong, damaged or hostile file
│   ├── DownloadError(ConnectionError)    the file could not be fetched
│   └── NetworkError(RuntimeError)        the network ran and gave nonsense, or did not run
├── MissingExtraError(ImportError)        an optional dependency is not installed
└── StoreError(OSError)                   results or galleries cannot be read or written

A message has three parts: what was got, what was wanted, what to do.
"""

from __future__ import annotations


class GaitwayError(Exception):
    """Base of every error gaitway raises on purpose."""


class InputError(GaitwayError, ValueError):
    """An argument, array or file content does not fit."""


class EmptyMaskError(InputError):
    """A mask has no usable foreground, so there is no silhouette to align."""


class ConfigError(InputError):
    """A setting is unknown or impossible."""


class IncompatibleModelsError(InputError):
    """Embeddings of different models were about to be compared."""


class VideoError(GaitwayError, OSError):
    """A video cannot be read or written."""


class VideoNotFoundError(VideoError, FileNotFoundError):
    """The video file, folder or pattern matches nothing."""


class VideoDecodeError(VideoError):
    """The file is not a video, has no picture, or cannot be decoded at all."""


class VideoEncodeError(VideoError):
    """An output video cannot be written."""


class ModelError(GaitwayError):
    """A network's file or run failed."""


class ModelNotFoundError(ModelError, LookupError):
    """The model's name is unknown or its file is not in the cache."""


class NotQuantisedError(ModelNotFoundError):
    """A network was asked for in int8 and has not been quantised yet."""


class ModelFileError(ModelError, ValueError):
    """A model file is wrong, damaged or hostile."""


class DownloadError(ModelError, ConnectionError):
    """A model file could not be fetched."""


class NetworkError(ModelError, RuntimeError):
    """A network could not run, or returned values that are not finite."""


class MissingExtraError(GaitwayError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed: "
            f'install it with pip install "gaitway[{extra}]"'
        )
        self.package = package
        self.extra = extra


class StoreError(GaitwayError, OSError):
    """Results or a gallery cannot be read or written."""
