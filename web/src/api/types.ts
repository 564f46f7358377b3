import type { components } from "./schema";

type Schemas = components["schemas"];

export const CAMERA_STATUSES = ["online", "offline", "connecting", "idle", "disabled", "error"] as const;

export type CameraStatus = (typeof CAMERA_STATUSES)[number];
export type Camera = Omit<Schemas["CameraAnswer"], "status"> & { status: CameraStatus };
export type CameraPage = Omit<Schemas["CamerasAnswer"], "cameras"> & { cameras: Camera[] };
export type Stream = Schemas["StreamAnswer"];
export type CameraLocation = Schemas["LocationAnswer"];
export type LastError = Schemas["LastErrorAnswer"];
export type Segment = Schemas["SegmentAnswer"];
export type SegmentPage = Schemas["SegmentsAnswer"];
export type Coverage = Schemas["CoverageAnswer"];
export type Span = Schemas["Span"];
export type ProblemDetails = Schemas["ProblemDetails"];
