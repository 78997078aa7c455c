"""From a plan to the document: one function per stage, typed steps, expressions that know their length."""
