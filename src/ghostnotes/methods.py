"""The methods of the tables as figures show them; apart from `plotting`, so that a new name trains nothing again."""

# (hue of plotting.COLOURS, line, name in legends); what descends from one model keeps its hue
METHODS = {
    "diff4steer": ("diffusion", "-", "diffusion prior"),
    "regression": ("regression", "-", "regression"),
    "regression_long": ("regression", ":", "regression, trained long"),
    "regression_noise": ("regression", "-.", "regression + residual noise"),
    "guided_regression": ("regression", "--", "guided regression"),
    "neighbours": ("neighbours", "-", "nearest pictures' music"),
    "bridge_picture_caption": ("bridge", "-", "bridge: picture caption"),
    "bridge_music_caption": ("bridge", "--", "bridge: music caption"),
    "ideal": ("ideal", "-", "ideal denoiser"),
    "ideal_draws": ("ideal", ":", "ideal denoiser, exact draws"),
    "oracle": ("real", "--", "attribute oracle"),
    "chance": ("chance", "--", "chance"),
    "diff4steer_shuffled": ("unconditional", "-", "diffusion prior, other tracks' words"),
    "late_fusion": ("fusion", "-", "late fusion"),
    "late_fusion_shuffled": ("fusion", ":", "late fusion, other tracks' words"),
    "regression_txt": ("regression", "-", "regression from text"),
    "muscall": ("joint", "-", "joint model (muscall-mini)"),
    "clap": ("joint", "--", "joint model of other music (clap-mini)"),
    "base_rates": ("chance", "--", "the domain's frequencies"),
    "truth": ("real", "-", "the truth"),
}
