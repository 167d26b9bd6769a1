/** What went wrong or needs attention, with the next step. */
import { usePanel } from "../panel-context.ts";
import { IconButton } from "./controls.tsx";
import { Icon } from "./icon.tsx";

export function NoticeBar() {
  const { session } = usePanel();
  const notice = session.state.notice.value;
  return (
    <div class="notice-place" aria-live="polite">
      {notice && (
        <div class={`notice notice-${notice.tone}`} role={notice.tone === "error" ? "alert" : "status"}>
          <Icon name={notice.tone === "info" ? "check" : "warning"} />
          <p>
            {notice.message} {notice.remedy && <span class="remedy">{notice.remedy}</span>}
          </p>
          {[notice.action, notice.otherAction].map(
            (action) =>
              action && (
                <button key={action.label} type="button" class="button" onClick={action.run}>
                  {action.label}
                </button>
              ),
          )}
          <IconButton
            icon="close"
            label="Dismiss"
            onClick={() => {
              session.state.notice.value = null;
            }}
          />
        </div>
      )}
    </div>
  );
}
