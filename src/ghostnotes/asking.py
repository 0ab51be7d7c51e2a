"""From a request to seeds: which models of a build answer a text, a picture or a track, and what they imagine.

Texts go to GD-Retriever's ghost networks, pictures to Diff4Steer's prior, tracks up and down again (inversion). Where a
build has no ghost network for an index's encoder, a text is its own vector in the joint space, and the answer says so.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from ghostnotes import (
    config,
    generation,
    ghost_queries,
    ghosts,
    guidance,
    inversion,
    prompting,
    removal,
    resnet,
    samplers,
    steering,
    wishes,
)
from ghostnotes.embeddings import Embeddings
from ghostnotes.encoders.registry import open_encoder
from ghostnotes.files import load_weights
from ghostnotes.tokens import Tokens

OMEGA = 2.0  # GD-Retriever's weight of the text, and ours
NAME = ["search"]  # keys the noise: one seed gives the same noise whatever is asked, so answers can be compared
PRIOR = ("prior", "muscall-mini", "clip-mini")  # the pipeline's own: pictures of clip-mini -> music of muscall-mini
FRAMES = 16  # windows of a track of the made corpus, which the pipeline's ghost networks imagine


@dataclass(frozen=True)
class Seeds:
    """What was imagined: vectors (S, d); how `retrieval.rank` should take them; who answered, in one line."""

    vectors: Tensor
    how: str
    said: str


@dataclass(frozen=True)
class Network:
    """A trained network, its name, the encoder that reads its queries, and how many windows it imagines."""

    network: nn.Module
    name: str
    reads: str
    frames: int = FRAMES


class Models:
    """What a build folder holds: settings beside it, encoders, networks; each is loaded when it is first asked."""

    def __init__(self, build: Path, device: str = "cpu"):
        self.build, self.device = Path(build), device
        self._encoders, self._networks = {}, {}

    @cached_property
    def settings(self):
        """The settings that the build was made with; None where it has no networks. ValueError where they are gone."""
        path, made = self.build.absolute().parent / config.SETTINGS_FILE, self.build / "models"
        if not path.exists():
            if made.exists():
                raise ValueError(f"{path}: not there; it says how the networks in {made} were made: keep it beside "
                                 f"{self.build}")  # fmt: skip
            return None
        try:
            return config.load(path)
        except ValueError as error:
            raise ValueError(f"{error}; perhaps it is of an earlier version: run `make repro` again") from None

    @cached_property
    def choices(self) -> dict:
        """What val chose for pictures and for texts beside them. ValueError where the pipeline has not run."""
        path = self.build.absolute().parent / "reports" / "metrics" / "diff4steer_choices.json"
        if not path.exists():
            raise ValueError(f"{path}: not there; `make repro` makes it")
        try:
            found = json.loads(path.read_bytes())
            return {"omega": float(found["omega"]), "k": float(found["k"]["image+caption"])}
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}: not what `make repro` writes; delete it and run that again") from None

    def encoder(self, name: str, role: str):
        """An encoder by name, opened once."""
        if (name, role) not in self._encoders:
            self._encoders[name, role] = open_encoder(name, role, models=self.build, device=self.device)
        return self._encoders[name, role]

    def fingerprint(self, name: str, role: str = "audio") -> str:
        """An encoder's fingerprint, by whichever of its roles is open; where none is, this one is opened."""
        opened = [one for (known, _), one in self._encoders.items() if known == name]
        return (opened or [self.encoder(name, role)])[0].fingerprint

    def ghost(self, audio: str) -> Network | None:
        """The ghost network that imagines this encoder's windows, or None."""
        if self.settings is None:
            return None
        for name, one in self.settings.ghosts.models.items():
            path = self.build / "models" / f"ghost-{name}" / f"{self.settings.ghosts.seeds[0]}.safetensors"
            whole = (one.network, one.audio_form, one.text_form) == ("unet", "windows", "tokens")
            if whole and one.audio == audio and path.exists():
                return Network(self._load(path, ghosts.load)[0], path.parent.name, one.text)
        own, path = self.settings.catalogues.encoders, self.build / "models" / "catalogue" / "captions.safetensors"
        if own.audio != audio or not path.exists():
            return None
        network, frames = self._load(path, _load_own)
        return Network(network, "catalogue/captions", own.text, frames)

    def has_prior(self, audio: str) -> bool:
        """Whether there is a prior from pictures to this encoder's tracks."""
        return self._prior(audio) is not None

    def prior(self, audio: str) -> Network:
        """The prior from pictures to this encoder's tracks. ValueError where there is none."""
        found = self._prior(audio)
        if found is None:
            hint = "`make repro` makes it" if audio == PRIOR[1] else f"search by text, or an index made by {PRIOR[1]}"
            raise ValueError(f"{self.build}: no prior from pictures to the space of {audio}; {hint}")
        return found

    def _prior(self, audio: str) -> Network | None:
        name, heard, seen = PRIOR
        path = self.build / "models" / name / "0.safetensors"
        if self.settings is None:
            return None
        if audio == heard and path.exists():
            return Network(self._load(path, resnet.load), name, seen)
        own, path = self.settings.catalogues.encoders, self.build / "models" / "catalogue" / "pictures.safetensors"
        if own.audio != audio or not path.exists():
            return None
        return Network(self._load(path, _load_prior), "catalogue/pictures", own.image)

    def centre(self, prior: Network, audio: str) -> Tensor:
        """The mean of the training captions in the joint space: what a text that steers is measured from."""
        if prior.name == PRIOR[0]:
            paths = [self.build / "embeddings" / audio / "studio-train-captions.safetensors"]
        else:
            paths = sorted((self.build / "catalogues" / "train").glob("*/joint.safetensors"))
        return torch.cat([Embeddings.load(path).vectors for path in paths]).mean(0)

    def _load(self, path: Path, load):
        if path not in self._networks:
            try:
                self._networks[path] = load(path)
            except (KeyError, TypeError, AttributeError) as error:  # its shape is not what is built from today
                raise ValueError(f"{path}: weights of another version ({' '.join(str(error).split())}); "
                                 "delete it and make it again") from None  # fmt: skip
        return self._networks[path]


def by_text(models: Models, audio: str, text: str, unlike: str | None, omega: float, count: int, seed: int,
            steps: int | None) -> Seeds:  # fmt: skip
    """Ghosts of a text (GD-Retriever eq. 3), or of a text and one that is unwanted (eq. 2)."""
    found = models.ghost(audio)
    if found is None:
        return _plain(models, audio, text, unlike, omega)
    reader = models.encoder(found.reads, "text")
    learnt = wishes.read(reader, text, unlike)
    wanted, away = _states(reader, text), _states(reader, unlike or None)
    steps = models.settings.ghosts.sampling.steps if steps is None else steps
    made = prompting.ghosts(found.network, wanted, NAME, omega, count, steps, frames=found.frames, unwanted=away,
                            seed=seed)  # fmt: skip
    said = f"{found.name} imagined {_number(count, 'track')} for the text" + (", away from the other" if away else "")
    return Seeds(ghost_queries.in_time(made)[0], "mean", f"{said} (ω = {omega:g}); {learnt}")


def by_picture(models: Models, audio: str, picture, texts: dict[str, int], omega: float | None, count: int, seed: int,
               steps: int | None, strength: float | None) -> Seeds:  # fmt: skip
    """Seeds of a picture (Diff4Steer), steered by texts: {text: 1 towards it or -1 away from it} (eq. 4)."""
    found = models.prior(audio)
    viewer, noise = models.encoder(found.reads, "image"), models.settings.sampling
    omega = models.choices["omega"] if omega is None else omega
    said, guide = f"{found.name} imagined {_number(count, 'track')} for the picture (ω = {omega:g})", None
    learnt = wishes.learnt(viewer)
    if texts:
        reader = models.encoder(audio, "text")
        learnt += f"; {wishes.read(reader, *texts)}"
        strength = models.choices["k"] if strength is None else strength
        steers = steering.standardised(found.network, reader.pooled(list(texts)), models.centre(found, audio))
        strengths = [strength * sign for sign in texts.values()]
        guide = steering.guide(steers[None], strengths, models.settings.steering.weighting)
        said += f", steered by {_number(len(texts), 'text')} (k = {', '.join(f'{k:g}' for k in strengths)})"
    steps = noise.steps if steps is None else steps
    sigmas = samplers.karras_sigmas(steps, noise.sigma_min, noise.sigma_max, noise.rho)
    seeds = generation.generate(found.network, viewer.pictures([picture]), [omega], count, seed=seed, ids=NAME,
                                guide=guide, sigmas=sigmas, solver=noise.solver)[0, 0]  # fmt: skip
    return Seeds(seeds, "interleave", f"{said}; {learnt}")


@torch.no_grad()
def by_track(models: Models, audio: str, windows: Tensor, but: str | None, unlike: str | None, omega: float,
             depth: int | None) -> Seeds:  # fmt: skip
    """A track as it is, or edited: up into noise under no text, down towards one text and away from another.

    Inversion (GD-Retriever 4.3.2), and its negative prompt (eq. 2) on the way down. windows: (T, d), T as many as the
    track has; the network's number of them is taken from the middle, and a shorter track is repeated. depth: steps up,
    of `control.inversion.steps`; more leave less of the track.
    """
    if but is None and unlike is None:
        return Seeds(windows.mean(0, keepdim=True), "mean", f"{audio} compared the tracks as they are")
    found = models.ghost(audio)
    if found is None:
        raise ValueError(f"{models.build}: no ghost network for {audio}, which an edit needs; `make repro` makes those "
                         "of muscall-mini, clap-mini and mule-mini")  # fmt: skip
    reader, way = models.encoder(found.reads, "text"), models.settings.control.inversion
    learnt, depth = wishes.read(reader, but, unlike), way.depth if depth is None else depth
    start, part = middle(windows, found.frames)
    sigmas = samplers.ddim_sigmas(way.steps)
    towards, away = _states(reader, but), _states(reader, unlike)
    z = inversion.up(found.network, start[None, None], None, sigmas, [depth], iterations=way.iterations)[depth][0]
    denoiser = guidance.negative_prompt(found.network, towards, away, omega)
    edited = found.network.decode(samplers.euler(denoiser, z, inversion.last_levels(sigmas, depth)))
    texts = " and ".join(f"{how} {text!r}" for how, text in (("towards", but), ("away from", unlike)) if text)
    said = f"{found.name} edited {part} {texts} (depth {depth} of {way.steps}, ω = {omega:g}); {learnt}"
    return Seeds(ghost_queries.in_time(edited[None])[0].float(), "mean", said)


def middle(windows: Tensor, frames: int) -> tuple[Tensor, str]:
    """(T, d) -> (frames, d): the middle of a longer track, a shorter one repeated; and which it was, in words."""
    if len(windows) > frames:
        first = (len(windows) - frames) // 2
        return windows[first : first + frames], f"windows {first + 1} to {first + frames} of {len(windows)}"
    if len(windows) < frames:
        part = f"its {_number(len(windows), 'window')}, repeated to {frames},"
        return windows[torch.arange(frames) % len(windows)], part
    return windows, f"its {frames} windows"


def _plain(models: Models, audio: str, text: str, unlike: str | None, omega: float) -> Seeds:
    """A text's own vector, moved away from what is unwanted: a joint model without diffusion."""
    reader = models.encoder(audio, "text")
    learnt = wishes.read(reader, text, unlike)
    wanted, *away = reader.pooled([text, *([unlike] if unlike else [])])[:, None]
    vector = removal.text_interpolation(wanted, wanted, away[0], omega) if away else wanted
    said = f"no ghost network for {audio} in {models.build}: the text was compared with the tracks directly"
    return Seeds(vector, "mean", f"{said}; {learnt}")


def _states(reader, text: str | None) -> Tokens | None:
    """A text's token states in half precision, as those that ghost networks were trained on; None without a text."""
    if text is None:
        return None
    found = reader.tokens([text])
    return Tokens(found.states.half().float(), found.mask)


def _load_own(path: Path) -> tuple[nn.Module, int]:
    """The ghost network of one's own catalogue, and how many windows it imagines."""
    network, saved = ghosts.load(path)
    return network, saved["frames"]


def _load_prior(path: Path) -> resnet.ResNetPrior:
    return load_weights(path, lambda saved: resnet.ResNetPrior(**saved["shape"]))[0]


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
