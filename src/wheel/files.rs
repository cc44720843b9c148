//! Which files of the project go into the wheel, each with the rule that admits it.
