"""Floor 4: the interfaces that other people's programs speak. Each foreign library is loaded by its own module alone.

* `gym`: every task as a Gymnasium environment, alone or as a vector of windows of one browser
* `browsergym`: our tasks inside BrowserGym
* `foreign`: BrowserGym's tasks inside our world
* `openenv`, `trl`: environments for reinforcement learning
"""
