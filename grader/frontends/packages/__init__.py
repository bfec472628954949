"""Archives that grade on a learning platform: this grader's own wheel, a spec, and the platform's scripts."""
