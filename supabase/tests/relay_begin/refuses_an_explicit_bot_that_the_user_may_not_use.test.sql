begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_default_bot('bot', 'owner');
select tests.make_user('stranger');
select tests.given_bot('strange bot', 'stranger');
select tests.given_bot('bot once shared', 'stranger');
select tests.given_share('bot once shared', 'owner');
delete from public.bot_shares where bot_id = tests.id('bot once shared');

create temp table answers as
select tests.call_begin('owner', 'a', conversation => 'tale', bot => name) as answer, name
from unnest(array['strange bot', 'bot once shared', 'no bot']) as name;

select is(answer ->> 'code', 'bot_not_found', name || ' is not found, and no other bot stands in') from answers
order by name;
select is(count(distinct answer), 1::bigint, 'a stranger''s bot reads like none') from answers;

select * from finish();
rollback;
