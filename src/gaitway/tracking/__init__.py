"""Following people from frame to frame: motion, association, ByteTrack, tracklets."""
