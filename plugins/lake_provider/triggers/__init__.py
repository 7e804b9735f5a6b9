"""What the triggerer waits for. It sees neither `dags/` nor `include/`."""
