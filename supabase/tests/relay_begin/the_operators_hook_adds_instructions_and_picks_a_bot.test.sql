begin; select plan(12);
select tests.given_tale('owner');
select tests.given_bot('other bot', 'owner', now() - interval '1 day');
select tests.make_user('stranger');
select tests.given_bot('strange bot', 'stranger');
create function pg_temp.answer_hook(answer jsonb) returns void language plpgsql as $$
begin
  execute format('create or replace function relay.admission_hook(event jsonb) returns jsonb language sql
    as $body$ select %L::jsonb $body$', answer);
end $$;
savepoint start;

-- Instructions.
create temp table usual as select tests.call_begin('owner', 'a', conversation => 'tale', preview => true) as answer;
select pg_temp.answer_hook('{"instructions": "For childrén."}');
create temp table looked as select tests.call_begin('owner', 'a', conversation => 'tale', preview => true) as answer;
select is(answer ->> 'system_prompt', e'instructions of bot\n\nFor childrén.', 'they are previewed, after the bot''s') from looked;
select is((l.answer ->> 'fixed_bytes')::integer - (u.answer ->> 'fixed_bytes')::integer, 2 + octet_length('For childrén.'),
  'and count in the cut') from looked l, usual u;
create temp table begun as select tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale', fence => 'own') as answer;
select is(answer ->> 'system_prompt', e'instructions of bot\n\nFor childrén.', 'the worker gets them') from begun;
select pg_temp.answer_hook('{"instructions": "Others."}');
select is(tests.call_begin('owner', 'a', 'Go on!', conversation => 'tale', fence => 'own') ->> 'system_prompt',
  answer ->> 'system_prompt', 'the same fence again gets the same ones') from begun;
select tests.call_finish('a');
update public.bots set system_prompt = null;
select is(tests.call_begin('owner', 'b', conversation => 'tale') ->> 'system_prompt', 'Others.', 'a bot without any has these');

rollback to start; -- Another bot.
select pg_temp.answer_hook(jsonb_build_object('bot_id', tests.key('other bot')));
select is(answer ->> 'bot_id' || ' ' || (answer ->> 'bot_reason'), tests.key('other bot') || ' hook', 'it answers')
from (select tests.call_begin('owner', 'a', conversation => 'tale', bot => 'bot', preview => true) as answer) looked;
create temp table begun as select tests.call_begin('owner', 'a', 'Once') as answer;
select is(jsonb_build_array(answer -> 'bot_id', answer -> 'model', answer -> 'access_key'),
  jsonb_build_array(tests.key('other bot'), 'model of other bot', 'key of other bot'), 'with its model and its key') from begun;
select is(c.bot_id, tests.key('bot'), 'the conversation keeps the bot that was meant') from public.conversations c
where c.id <> tests.key('tale');
select tests.call_finish('a');
select is(m.bot_id, tests.key('other bot'), 'the message has the one that answered') from public.messages m where m.stream_id = 'a';
select pg_temp.answer_hook(jsonb_build_object('bot_id', tests.key('strange bot')));
select is(tests.call_begin('owner', 'b') ->> 'code', 'bot_not_found', 'one that the user may not use is none');
select pg_temp.answer_hook('{"bot_id": "garbage"}');
select is(tests.call_begin('owner', 'b') ->> 'code', 'bot_not_found', 'nor is what is no id');
select tests.given_share('strange bot', 'owner');
select pg_temp.answer_hook(jsonb_build_object('bot_id', tests.key('strange bot')));
select is(tests.call_begin('owner', 'b') ->> 'bot_id', tests.key('strange bot')::text, 'one that is shared with the user answers');

select * from finish(); rollback;
