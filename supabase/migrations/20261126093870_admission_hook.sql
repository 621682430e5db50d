-- A step of relay_begin: the operator's own rule, called before anything is written. The function here does nothing,
-- and is there to be replaced: `create or replace function relay.admission_hook(event jsonb) returns jsonb …` in a
-- migration of the project's own. No migration of the relay's may undo that. So this is the only one that defines the
-- function, now and after every release; it does so only if there is none, and no migration drops it.
do $$
begin
  if pg_catalog.to_regprocedure('relay.admission_hook(jsonb)') is null then
    create function relay.admission_hook(event jsonb) returns jsonb
    language plpgsql stable set search_path = '' as $hook$
    begin
      return null;
    end;
    $hook$;
    comment on function relay.admission_hook(jsonb) is
      'Decides about a start, for the operator to replace: refuse, rate_limit, max_concurrent, instructions, bot_id; '
      'null: nothing.';
  end if;
end;
$$;
revoke all on function relay.admission_hook(jsonb) from public, anon, authenticated;
grant execute on function relay.admission_hook(jsonb) to service_role;

-- Kept in the row, because the same fence gets the same answer again, while another call of the hook may answer
-- differently.
alter table relay.generations
  add column instructions text,
  add constraint generations_instructions_fit check (length(instructions) <= 16000);

create function relay.with_instructions(system_prompt text, instructions text) returns text
language plpgsql immutable set search_path = '' as $$
begin
  return coalesce(nullif(system_prompt, '') || e'\n\n' || nullif(instructions, ''), nullif(instructions, ''), system_prompt);
end;
$$;
comment on function relay.with_instructions is 'The bot''s instructions, and after them those of the admission hook.';

-- A misspelt limit would have no effect, so an unknown field is an error.
create function relay.wrong_in_hook(answer jsonb) returns text
language plpgsql immutable set search_path = '' as $$
begin
  return case
    when jsonb_typeof(answer) <> 'object' then 'it answered no object'
    else (
      select format('it answered a wrong "%s"', left(field.key, 40))
      from jsonb_each(nullif(answer, '{}')) field
      where jsonb_typeof(field.value) <> 'null' and not case field.key
        when 'refuse' then jsonb_typeof(field.value) = 'string'
        when 'instructions' then jsonb_typeof(field.value) = 'string' and length(field.value #>> '{}') <= 16000
        when 'bot_id' then jsonb_typeof(field.value) in ('string', 'number')
        -- The ranges of the variables that they replace.
        when 'rate_limit' then field.value #>> '{}' ~ '^[1-9][0-9]{0,4}$|^100000$'
        when 'max_concurrent' then field.value #>> '{}' ~ '^[1-9][0-9]{0,4}$|^100000$'
        else false
      end
      limit 1
    )
  end;
end;
$$;
comment on function relay.wrong_in_hook is 'What is wrong with an answer of the admission hook; null: nothing.';

create function relay.ask_hook(event jsonb, rate jsonb) returns jsonb
language plpgsql set search_path = '' as $$
declare
  v_answer jsonb;
  v_problem text;
begin
  -- Does not catch the end of a statement from outside, by its time limit.
  begin
    v_answer := nullif(relay.admission_hook(event), 'null');
  exception when others or assert_failure then
    v_problem := format('it failed with %s: %s', sqlstate, left(sqlerrm, 200));
  end;
  if v_problem is null and v_answer is null then
    return null;
  end if;
  v_problem := coalesce(v_problem, relay.wrong_in_hook(v_answer));
  return case
    when v_problem is not null then jsonb_build_object('refused', relay.refusal(
      'internal', rate, jsonb_build_object('cause', 'relay.admission_hook: ' || v_problem)
    ))
    when v_answer ->> 'refuse' is not null then jsonb_build_object('refused', relay.refusal(
      'not_admitted', rate, jsonb_build_object('words', left(v_answer ->> 'refuse', 300))
    ))
    else v_answer
  end;
end;
$$;
comment on function relay.ask_hook is
  'Calls the admission hook: its answer, or the refusal as refused; null: the start is admitted as it is.';
