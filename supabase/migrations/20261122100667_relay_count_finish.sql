-- How the end of a generation is counted.
create function relay.end_labels(outcome text, code text) returns jsonb
language sql immutable
set search_path = ''
as $$
  select jsonb_strip_nulls(jsonb_build_object('outcome', outcome, 'code', code));
$$;

comment on function relay.end_labels(text, text) is 'Which of the generations that ended one is: what did not fail has no code.';
revoke all on function relay.end_labels(text, text) from public, anon, authenticated;
grant execute on function relay.end_labels(text, text) to service_role;

-- What the sweep ends has an outcome, and neither times nor tokens: only its worker knows those. If that worker comes
-- after all, it brings them, and the generation counts as recovered; it has ended once already.
create function relay.count_finish(generation relay.generations, is_recovered boolean) returns void
language plpgsql
set search_path = ''
as $$
begin
  perform relay.count_up(variadic array(
    select (
      case when is_recovered then 'generations_recovered_total' else 'generations_ended_total' end,
      relay.end_labels(generation.status, case when not is_recovered then generation.error_code end),
      1
    )::relay.increment
    union all
    select ('tokens_total', jsonb_build_object('kind', spent.kind), spent.tokens)::relay.increment
    from (values ('prompt', generation.prompt_tokens), ('completion', generation.completion_tokens)) spent (kind, tokens)
    union all
    select (observed.histogram || part.suffix, part.labels, part.amount)::relay.increment
    from (
      values
        ('first_token_seconds', generation.first_token_ms / 1000.0),
        ('generation_duration_seconds', extract(epoch from generation.finished_at - generation.started_at)),
        ('relay_overhead_seconds', generation.overhead_ms / 1000.0)
    ) observed (histogram, seconds)
    cross join lateral (
      select '_sum' as suffix, '{}'::jsonb as labels, observed.seconds as amount
      union all
      (
        select '_bucket', s.labels, 1
        from relay.series s
        where s.name = observed.histogram || '_bucket' and (s.labels ->> 'le')::double precision >= observed.seconds
        order by s.id
        limit 1
      )
    ) part
  ));
end;
$$;

comment on function relay.count_finish(relay.generations, boolean) is
  'Counts the end that a worker has told of, in the transaction that stores it.';
revoke all on function relay.count_finish(relay.generations, boolean) from public, anon, authenticated;
grant execute on function relay.count_finish(relay.generations, boolean) to service_role;
