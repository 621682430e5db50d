begin; select plan(79);
select tests.given_tale('owner');
select tests.given_memory('first answer', 'short');
create temp table bounds (of_table text, name text, characters integer, value text default '%L');
grant select on bounds to authenticated;
insert into bounds values
  ('bots', 'name', 200), ('bots', 'access_key', 4096), ('bots', 'access_path', 2048), ('bots', 'model', 200),
  ('bots', 'system_prompt', 100000), ('conversations', 'title', 500), ('messages', 'content', 1048576),
  ('messages', 'stream_id', 128), ('messages', 'finish_reason', 100), ('memories', 'content', 1048576);
-- As text an object of one text has nine characters more: {"x": ""}
insert into bounds values
  ('bots', 'params', 65536, 'jsonb_build_object(''x'', right(%L, -9))'),
  ('messages', 'usage', 1000, 'jsonb_build_object(''x'', right(%L, -9))');

-- A new text needs a line above, and a bound in the migrations.
select set_eq($$ select c.table_name || '.' || c.column_name from information_schema.columns c
  where c.table_schema = 'public'
    and c.table_name in ('bots', 'bot_shares', 'user_settings', 'conversations', 'messages', 'memories')
    and c.data_type not in ('uuid', 'bigint', 'integer', 'boolean', 'double precision', 'timestamp with time zone') $$,
  $$ select of_table || '.' || name from bounds union values ('bots.headers'), ('bots.api') $$,
  'every column without a size of its own is here, and headers and api have a check');

create function pg_temp.change(bound bounds, characters integer, letter text) returns text language sql as $$
  select format('update public.%I set %I = %s where %I = tests.key(%L)', bound.of_table, bound.name,
    format(bound.value, repeat(letter, characters)), case bound.of_table when 'memories' then 'message_id' else 'id' end,
    case bound.of_table when 'bots' then 'bot' when 'conversations' then 'tale' else 'first answer' end)
$$;
-- Not of the columns that only ASCII may stand in.
create temp view letters as
  select b, l.letter from bounds b, unnest(array['x', 'é', '🦊']) as l (letter)
  where l.letter = 'x' or b.name <> 'access_key';
select tests.violates(pg_temp.change(b, (b).characters, letter), null,
  format('%s.%s takes %s of %s', (b).of_table, (b).name, (b).characters, letter)) from letters;
select tests.violates(pg_temp.change(b, (b).characters + 1, letter), format('%s_%s_fits', (b).of_table, (b).name),
  format('%s.%s takes no more of %s', (b).of_table, (b).name, letter)) from letters;

-- Rows with a longer text were there before the bounds.
alter table public.bots disable trigger user;
alter table public.messages disable trigger user;
update public.bots set system_prompt = repeat('x', 100001), params = jsonb_build_object('x', repeat('x', 65536));
update public.messages set content = repeat('x', 1048577) where id in (tests.key('first answer'), tests.key('second question'));
update public.messages set bot_id = tests.key('bot') where id = tests.key('first answer');
alter table public.bots enable trigger user;
alter table public.messages enable trigger user;
select tests.sign_in_as('owner');
select lives_ok(statement, description) from (values
  ($$ update public.bots set name = 'new' $$, 'all else of such a row can be changed'),
  ($$ update public.bots set name = 'newer', system_prompt = system_prompt, params = params $$, 'and sent as it is'),
  ($$ update public.messages set content = content where id = tests.key('first answer') $$, 'a message too')
) as m (statement, description);
select tests.violates(statement, violated, description) from (values
  ($$ update public.bots set system_prompt = repeat('y', 100001) $$, 'bots_system_prompt_fits',
    'another text has to keep the bound'),
  ($$ update public.bots set params = params || '{"y": 1}' $$, 'bots_params_fits', 'another object too'),
  ($$ update public.bots set system_prompt = 'short' $$, null, 'and can be shorter'),
  ($$ insert into public.bots (user_id, name) values (tests.id('owner'), repeat('x', 201)) $$, 'bots_name_fits',
    'a new row keeps it'),
  ($$ insert into public.messages (user_id, conversation_id, content)
    values (tests.id('owner'), tests.key('tale'), repeat('x', 1048577)) $$, 'messages_content_fits', 'a new message too')
) as m (statement, violated, description);
select lives_ok($$ delete from public.bots $$, 'the bot of a long message can be deleted');
select tests.sign_out();
select is(m.bot_id, null, 'as what points at it says') from public.messages m where m.id = tests.key('first answer');

select * from finish(); rollback;
