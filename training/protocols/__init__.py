"""How each public set is asked, labelled, split into segments and compared: one file a set."""
