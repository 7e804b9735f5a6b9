"""What people are told. It also runs in the triggerer, which sees neither `dags/` nor `include/`."""
