begin; select plan(25);
select tests.given_personas();
select tests.call_finish('first', prompt_tokens => 10, completion_tokens => 3);

select tests.may(action, anonymous, stranger, owner, sharee, service_role, statement) from (values
  -- action     anonymous  stranger   owner      sharee     service_role
  ('read',      'denied',  '0',       '1',       '0',       '1', 'select * from public.usage_days'),
  ('add',       'denied',  'denied',  'denied',  'denied',  '1',
    $$ insert into public.usage_days (day, user_id, model, generations, estimated, prompt_tokens, cached_tokens,
        completion_tokens, reasoning_tokens)
      values ('2026-11-26', tests.id('owner'), 'model', -1, 0, -10, 0, -3, 0) $$),
  ('change',    'denied',  'denied',  'denied',  'denied',  '1', 'update public.usage_days set prompt_tokens = 0'),
  ('give away', 'denied',  'denied',  'denied',  'denied',  '1',
    $$ update public.usage_days set user_id = tests.id('friend') $$),
  ('delete',    'denied',  'denied',  'denied',  'denied',  '1', 'delete from public.usage_days')
) as m (action, anonymous, stranger, owner, sharee, service_role, statement);

select * from finish(); rollback;
