"""What a run leaves to read: results.json, results.csv, report.html, MOTChallenge text."""
