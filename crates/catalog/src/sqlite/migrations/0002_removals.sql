-- Why and when a segment's file went, or is about to: written before the file is deleted.
ALTER TABLE segments ADD COLUMN removed_rule TEXT;
ALTER TABLE segments ADD COLUMN removed_us INTEGER;
ALTER TABLE segments ADD COLUMN removed_by TEXT;
-- What lies on the disk, oldest first: for one camera (with its size), and for all.
CREATE INDEX segments_local_by_camera ON segments (camera, start_us, id, state, bytes) WHERE place = 'local';
CREATE INDEX segments_local_by_age ON segments (start_us, id, camera, state) WHERE place = 'local';
CREATE INDEX segments_going ON segments (id) WHERE place = 'local' AND removed_rule IS NOT NULL;
