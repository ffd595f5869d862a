"""Recorded steps as questions: what a model would have done, against what was done. No browser is needed.

config = ScoreConfig(collection="imported/mind2web", setting="mind2web_direct", pages="scribe")
scores = await score(config, Path("runs/rec"), store, model, print)
"""

from webapprentice.evaluate.scoring.config import ScoreConfig, ScoreLimits
from webapprentice.evaluate.scoring.run import Outline, Scores, outline, score
from webapprentice.evaluate.scoring.tables import table_text

__all__ = ["Outline", "ScoreConfig", "ScoreLimits", "Scores", "outline", "score", "table_text"]
