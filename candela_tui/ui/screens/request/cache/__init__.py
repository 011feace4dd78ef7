"""What the Cache tab shows: the facts in lines, and a picture of the prompt."""
