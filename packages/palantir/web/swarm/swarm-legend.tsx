/** What the forms mean. */
const SQUARE = 'M2 2h12v12H2z';

export function SwarmLegend() {
  return (
    <ul class="swarm-legend" aria-label="Legend">
      <Form class="is-ok" name="healthy" fill={SQUARE} />
      <Form class="is-degraded" name="starting" fill="M2 8h12v6H2z" line={SQUARE} />
      <Form class="is-down" name="unhealthy" fill={SQUARE} mark="M5 5l6 6M11 5l-6 6" />
      <Form class="is-unknown" name="stopped" line={SQUARE} />
      <Form class="is-unknown" name="unknown" fill="M6 6h4v4H6z" />
      <Form class="is-frame" name="is not as wanted" line="M2 2h12v12H2z" />
      <Form class="is-ok" name="new version" fill="M2 2h7l5 5v7H2z" />
      <li>
        <i class="swarm-dot" /> requests
      </li>
      <li>
        <i class="swarm-dot is-failure" /> failures
      </li>
    </ul>
  );
}

function Form(props: { class: string; name: string; fill?: string; line?: string; mark?: string }) {
  return (
    <li>
      <svg class={`sign ${props.class}`} viewBox="0 0 16 16" aria-hidden="true">
        {props.fill && <path d={props.fill} fill="currentColor" />}
        {props.line && <path d={props.line} fill="none" stroke="currentColor" stroke-width="2" />}
        {props.mark && <path class="sign-mark" d={props.mark} stroke-width="2" />}
      </svg>{' '}
      {props.name}
    </li>
  );
}
