"""How Sphinx builds the site: `make docs`, into build/docs. Nothing here reaches the network."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from grader import __version__

project = "Linear classifier grader"
author = "the linear classifier grader authors"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs.made.extension"]
exclude_patterns = ["made"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

default_role = "code"
smartquotes = False
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = project
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # it is fetched, which browsers refuse for files
html_use_index = False
html_domain_indices = False
html_static_path = ["static"]
html_css_files = ["site.css"]
pygments_style = "default"
pygments_dark_style = "github-dark"
