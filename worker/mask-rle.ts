/** COCO run-length masks, pure: shared by worker and panel. */
export {};
